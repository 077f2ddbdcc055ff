{{/* Settings of the service, as environment variables. */}}

{{- define "app.settings" -}}
{{- $name := include "app.fullname" . }}
{{- $hosts := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) }}
{{- /* by port-forward */}}
{{- $hosts = concat $hosts (list "localhost" "127.0.0.1") (.Values.settings.trustedHosts | default list) }}
{{- if .Values.ingress.enabled }}
{{- range .Values.ingress.hosts }}
{{- /* `*.example.com` is `.example.com` to the service */}}
{{- $hosts = append $hosts (trimPrefix "*" .host) }}
{{- end }}
{{- end }}
{{- if .Values.httpRoute.enabled }}
{{- range .Values.httpRoute.hostnames }}
{{- $hosts = append $hosts (trimPrefix "*" .) }}
{{- end }}
{{- end -}}
- name: APP_ENVIRONMENT
  value: {{ .Values.settings.environment | quote }}
- name: APP_SECRET_FILE
  value: /etc/app-secret/APP_SECRET
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.secrets.mysql | quote }}
      key: DATABASE_URL
- name: LOG_LEVEL
  value: {{ .Values.settings.logLevel }}
- name: RECORD_COUNT_MAX_AGE
  value: {{ .Values.settings.recordCountMaxAge | quote }}
- name: SECRET_DISPLAY
  value: {{ .Values.settings.secretDisplay }}
- name: TRUSTED_HOSTS
  value: {{ $hosts | uniq | join "," | quote }}
- name: TRUSTED_PROXIES
  value: {{ .Values.settings.trustedProxies | quote }}
- name: WEB_CONCURRENCY
  value: {{ .Values.settings.webConcurrency | quote }}
{{- end }}
