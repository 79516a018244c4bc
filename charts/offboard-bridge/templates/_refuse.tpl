{{/* What cannot work is refused. Whatever reads the configuration asks this first, because Helm has an order of its own. */}}
{{- define "offboard-bridge.refuse" -}}
{{- $config := .Values.config }}
{{- $server := $config.server | default dict }}
{{- if not (dig "genauth" "host" "" $config) }}
{{- fail "config.genauth.host is required: the base URL of GenAuth's management API, to which the access key is sent" }}
{{- end }}
{{- if not (kindIs "bool" (dig "leavers" "dryRun" "" $config)) }}
{{- fail "config.leavers.dryRun is required: true = only watch, false = really kick and resign" }}
{{- end }}
{{- if not (kindIs "map" $server.admin) }}
{{- fail "config.server.admin is required: the operator API must not be on the port that the Ingress leads to" }}
{{- end }}
{{- range $path, $host := dict "config.server.host" $server.host "config.server.admin.host" $server.admin.host }}
{{- if or (not $host) (regexMatch "^(localhost|127\\.|::1$)" $host) }}
{{- fail (printf "%s is loopback, which nothing outside of the container reaches; write 0.0.0.0 or ::" $path) }}
{{- end }}
{{- end }}
{{- include "offboard-bridge.refuseStore" . }}
{{- include "offboard-bridge.refusePlain" (dict "path" "config" "value" $config) }}
{{- $provided := or .Values.secrets.env .Values.externalSecret.enabled .Values.extraEnv }}
{{- if and (not $provided) (regexMatch "(^|[^$])\\$\\{[A-Za-z_]\\w*\\}" (include "offboard-bridge.config" .)) }}
{{- fail "config refers to variables, and nothing gives them values: name a Secret in secrets.env, or enable externalSecret" }}
{{- end }}
{{- if and .Values.externalSecret.enabled (or (not .Values.externalSecret.secretStore.name) (not .Values.externalSecret.data)) }}
{{- fail "externalSecret needs secretStore.name and data" }}
{{- end }}
{{- if le (int .Values.terminationGracePeriodSeconds) (add 25 (int .Values.preStopSeconds) | int) }}
{{- fail "terminationGracePeriodSeconds must be longer than preStopSeconds and the 25 s in which the bridge finishes what is in flight" }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) }}
{{- fail "ingress.host is required" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- fail "httpRoute.parentRefs is required: the Gateway that it belongs to" }}
{{- end }}
{{- end }}

{{- define "offboard-bridge.refuseStore" -}}
{{- $url := dig "store" "url" "" .Values.config }}
{{- if eq .Values.store "embedded" }}
{{- if or (gt (int .Values.replicas) 1) .Values.autoscaling.enabled }}
{{- fail "the embedded store is for one pod; several need store: postgres" }}
{{- end }}
{{- if and $url (not (hasPrefix "sqlite:/data/" $url)) }}
{{- fail "config.store.url of the embedded store must be on its volume, such as sqlite:/data/bridge.db; for PostgreSQL set store: postgres" }}
{{- end }}
{{- else }}
{{- if hasPrefix "sqlite:" $url }}
{{- fail "config.store.url is a SQLite file, which pods cannot share; set store: embedded, or the URL of a PostgreSQL database" }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas" }}
{{- end }}
{{- end }}
{{- end }}

{{/* A ConfigMap is no place for secrets: where the configuration has one, only a reference may stand. */}}
{{- define "offboard-bridge.refusePlain" -}}
{{- $path := .path }}
{{- if kindIs "map" .value }}
{{- range $key, $inner := .value }}
{{- $here := printf "%s.%s" $path $key }}
{{- $secret := has $key (list "accessKeySecret" "secrets" "secret" "token" "password" "privateKey" "signingSecret" "botToken" "appToken" "appSecret" "clientSecret" "aesKey" "encodingAesKey" "encryptKey" "verificationToken") }}
{{- $texts := ternary (list $inner) (kindIs "slice" $inner | ternary $inner list) (kindIs "string" $inner) }}
{{- /* Such as tracing's, where a collector's key stands. */}}
{{- if and (eq $key "headers") (kindIs "map" $inner) }}
{{- $secret = true }}
{{- $texts = values $inner }}
{{- end }}
{{- range $text := $texts }}
{{- if and $secret (kindIs "string" $text) (not (regexMatch "(^|[^$])\\$\\{" $text)) }}
{{- fail (printf "%s is written out, and a ConfigMap is no place for a secret; write ${NAME} and name a Secret in secrets.env" $here) }}
{{- end }}
{{- end }}
{{- /* An example is a body that a sender could send, and may have any keys. */}}
{{- if ne $key "example" }}
{{- include "offboard-bridge.refusePlain" (dict "path" $here "value" $inner) }}
{{- end }}
{{- end }}
{{- else if kindIs "slice" .value }}
{{- range $index, $inner := .value }}
{{- include "offboard-bridge.refusePlain" (dict "path" (printf "%s[%d]" $path $index) "value" $inner) }}
{{- end }}
{{- else if kindIs "string" .value }}
{{- if regexMatch "^postgres(ql)?://[^/@$]*:[^/@$]+@" .value }}
{{- fail (printf "%s has a password, and a ConfigMap is no place for a secret; write ${DATABASE_URL}" $path) }}
{{- end }}
{{- end }}
{{- end }}
