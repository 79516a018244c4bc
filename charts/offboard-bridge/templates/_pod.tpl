{{/* The pod, the same under a StatefulSet and a Deployment. */}}
{{- define "offboard-bridge.pod" -}}
metadata:
  annotations:
    checksum/config: {{ include "offboard-bridge.checksum" . }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  labels:
    {{- include "offboard-bridge.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "offboard-bridge.serviceAccountName" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "offboard-bridge.podSecurity" . | nindent 4 }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if and (eq .Values.store "postgres") .Values.topologySpread.enabled }}
  topologySpreadConstraints:
    {{- range .Values.topologySpread.topologyKeys }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "offboard-bridge.selectorLabels" $ | nindent 10 }}
      # Without it the pods of the release before would count as well.
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  containers:
    - name: bridge
      image: {{ include "offboard-bridge.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve, --config, /etc/offboard-bridge/bridge.yaml]
      env:
        # For the commands in the pod, such as `offboard-bridge status`.
        - { name: OFFBOARD_URL, value: "http://127.0.0.1:{{ .Values.config.server.admin.port }}" }
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- if or .Values.secrets.env .Values.externalSecret.enabled }}
      envFrom:
        {{- range .Values.secrets.env }}
        - secretRef: { name: {{ . }} }
        {{- end }}
        {{- if .Values.externalSecret.enabled }}
        - secretRef: { name: {{ include "offboard-bridge.fullname" . }} }
        {{- end }}
      {{- end }}
      ports:
        - { name: hooks, containerPort: {{ .Values.config.server.port }} }
        - { name: admin, containerPort: {{ .Values.config.server.admin.port }} }
      # The migrations of a large database come before the port is opened.
      startupProbe:
        httpGet: { path: /healthz, port: hooks }
        periodSeconds: 2
        failureThreshold: 150
      livenessProbe:
        httpGet: { path: /healthz, port: hooks }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: hooks }
        periodSeconds: 5
        timeoutSeconds: 6
      lifecycle:
        preStop:
          sleep: { seconds: {{ .Values.preStopSeconds }} }
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- include "offboard-bridge.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - { name: config, mountPath: /etc/offboard-bridge, readOnly: true }
        - { name: tmp, mountPath: /tmp }
        {{- if eq .Values.store "embedded" }}
        - { name: data, mountPath: /data }
        {{- end }}
        {{- range $index, $file := .Values.secrets.files }}
        - { name: secret-{{ $index }}, mountPath: {{ $file.path }}, readOnly: true }
        {{- end }}
  volumes:
    - name: config
      configMap: { name: {{ include "offboard-bridge.fullname" . }} }
    - name: tmp
      emptyDir: { sizeLimit: 64Mi }
    {{- range $index, $file := .Values.secrets.files }}
    - name: secret-{{ $index }}
      secret: { secretName: {{ $file.secret }}, defaultMode: 288 } # 0440
    {{- end }}
    {{- if and (eq .Values.store "embedded") .Values.persistence.existingClaim }}
    - name: data
      persistentVolumeClaim: { claimName: {{ .Values.persistence.existingClaim }} }
    {{- end }}
{{- end }}
