; CWE-79 HTML
; medium
; en: HTML is put out without being escaped.
; de: HTML wird ungefiltert ausgegeben.
; + mark_safe(text)
; + Markup(f"<b>{name}</b>")
; + Environment(autoescape=False)
; - mark_safe("<b>fixed</b>")
; - escape(text)
(call
  function: [(identifier) @name (attribute attribute: (identifier) @name)]
  arguments: (argument_list . (_) @text)
  (#any-of? @name "mark_safe" "Markup")
  (#not-match? @text "^['\"]")) @finding

(keyword_argument name: (identifier) @key value: (false) (#eq? @key "autoescape")) @finding
