{{/* Names, labels and the image, shared by the templates. */}}

{{/*
Name of all objects: the release's name, with the chart's unless it contains it. The name of a Service has no dots and
starts with a letter (RFC 1035), unlike that of a release.
*/}}
{{- define "app.fullname" -}}
{{- $name := .Release.Name | replace "." "-" }}
{{- if not (contains .Chart.Name $name) }}
{{- $name = printf "%s-%s" $name .Chart.Name }}
{{- end }}
{{- if regexMatch "^[0-9]" $name }}
{{- $name = printf "%s-%s" .Chart.Name (trimSuffix (printf "-%s" .Chart.Name) $name) }}
{{- end }}
{{- $name | trunc 50 | trimAll "-" }}
{{- end }}

{{/* Selector labels, together with the component. They are immutable. Quoted: a release may be named 123 or true. */}}
{{- define "app.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* Labels of pods. Without the chart's version: Flux adds a digest to it, and a changed label restarts the pods. */}}
{{- define "app.podLabels" -}}
{{ include "app.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | trimAll "-_." | quote }}
{{- end }}

{{/* Labels of all other objects. */}}
{{- define "app.labels" -}}
{{ include "app.podLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_." }}
{{- end }}

{{- define "app.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (ternary (include "app.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{/* The image, by tag (in which `+` is not allowed) and by digest, which takes precedence. */}}
{{- define "app.image" -}}
{{- with .Values.image -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion | replace "+" "-" }}{{ with .digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end }}
