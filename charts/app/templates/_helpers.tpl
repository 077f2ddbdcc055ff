{{/* Names, labels and the image: what several templates must write in the same way. */}}

{{/*
The name of all objects: the release's, with the chart's unless it contains that. A Service's name is stricter than a
release's: it has no dots and starts with a letter (RFC 1035).
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

{{/* Selected by, together with the component; must never change. Quoted: a release may be named 123 or true. */}}
{{- define "app.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* The labels of pods. Not the chart's version: Flux adds a digest to it, and a label that changes restarts pods. */}}
{{- define "app.podLabels" -}}
{{ include "app.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | trimAll "-_." | quote }}
{{- end }}

{{/* The labels of all other objects. */}}
{{- define "app.labels" -}}
{{ include "app.podLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_." }}
{{- end }}

{{- define "app.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (ternary (include "app.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{/* The image: by tag, in which `+` is not allowed, and by digest if there is one, which then decides. */}}
{{- define "app.image" -}}
{{- with .Values.image -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion | replace "+" "-" }}{{ with .digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end }}
