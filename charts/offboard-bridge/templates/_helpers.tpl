{{- define "offboard-bridge.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* Short enough for "-admin" and the ordinal of a pod behind it. */}}
{{- define "offboard-bridge.fullname" -}}
{{- $name := include "offboard-bridge.name" . }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "offboard-bridge.selectorLabels" -}}
app.kubernetes.io/name: {{ include "offboard-bridge.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "offboard-bridge.labels" -}}
{{ include "offboard-bridge.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "offboard-bridge.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "offboard-bridge.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "offboard-bridge.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}
{{- else }}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end }}
{{- end }}
{{- end }}

{{/* The bridge.yaml: what the values say, and the store that goes with them. */}}
{{- define "offboard-bridge.config" -}}
{{- $url := ternary "sqlite:/data/bridge.db" "${DATABASE_URL}" (eq .Values.store "embedded") }}
{{- toYaml (mergeOverwrite (dict "store" (dict "url" $url)) (deepCopy .Values.config)) }}
{{- end }}

{{/* Changes with the configuration, so that the pods are replaced. */}}
{{- define "offboard-bridge.checksum" -}}
{{- include "offboard-bridge.config" . | sha256sum }}
{{- end }}

{{/* The fewest pods that there are. */}}
{{- define "offboard-bridge.replicas" -}}
{{- if eq .Values.store "embedded" }}1
{{- else if .Values.autoscaling.enabled }}{{ .Values.autoscaling.minReplicas }}
{{- else if kindIs "invalid" .Values.replicas }}2
{{- else }}{{ .Values.replicas }}
{{- end }}
{{- end }}

{{- define "offboard-bridge.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "offboard-bridge.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}
