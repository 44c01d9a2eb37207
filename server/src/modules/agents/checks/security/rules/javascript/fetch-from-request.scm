; CWE-918 address
; high
; en: A request says what the server fetches; it can reach what only the server may.
; de: Eine Anfrage sagt, was der Server holt; so erreicht sie, was nur der Server darf.
; + fetch(req.query.url)
; + axios.get(`http://${req.params.host}/`)
; - fetch('https://example.org/')
; - fetch(`https://example.org/${id}`)
(call_expression
  function: [(identifier) @name (member_expression object: (identifier) @name)]
  arguments: (arguments . (_) @address)
  (#any-of? @name "fetch" "axios" "got" "request" "http" "https" "undici")
  (#match? @address "^(?:(?:req|request)\\.|`(?:https?://)?\\$\\{(?:req|request)\\.|['\"]https?://['\"] *\\+ *(?:req|request)\\.)")) @finding
