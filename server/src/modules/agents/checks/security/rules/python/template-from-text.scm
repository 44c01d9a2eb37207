; CWE-1336 template
; high
; en: A template is made from a text at run time; whoever writes it runs code.
; de: Zur Laufzeit wird aus einem Text eine Vorlage; wer ihn schreibt, führt Code aus.
; + render_template_string(text)
; + render_template_string(f"<p>{name}</p>")
; + jinja2.Template(request.args["t"])
; - render_template_string("<p>{{ name }}</p>", name=name)
; - render_template("page.html", name=name)
(call
  function: [(identifier) @name (attribute attribute: (identifier) @name)]
  arguments: (argument_list . (_) @text)
  (#eq? @name "render_template_string")
  (#not-match? @text "^(?:\"\"\"|'''|['\"])")) @finding

(call
  function: [(identifier) @name (attribute attribute: (identifier) @name)]
  arguments: (argument_list . (_) @text)
  (#eq? @name "Template")
  (#match? @text "^(?:f['\"]|request\\.)")) @finding
