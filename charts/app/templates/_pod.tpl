{{/* Fields of all pods: web, migrations and test. */}}

{{- define "app.pod" -}}
automountServiceAccountToken: false
# Variables of other Services could collide with settings.
enableServiceLinks: false
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "app.container" -}}
image: {{ include "app.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- end }}

{{/* The CA of the database: `?ssl_ca=/etc/mysql-ca/ca.crt` in its URL. */}}
{{- define "app.authorityMount" -}}
- name: mysql-ca
  mountPath: /etc/mysql-ca
  readOnly: true
{{- end }}

{{- define "app.authorityVolume" -}}
- name: mysql-ca
  secret:
    secretName: {{ .Values.secrets.mysql | quote }}
    optional: true
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
