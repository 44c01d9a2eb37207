; CWE-942 CORS
; medium
; en: Every site may read the answers.
; de: Jede Website darf die Antworten lesen.
; + app.use(cors({ origin: '*' }))
; + res.setHeader('Access-Control-Allow-Origin', '*')
; + const headers = { 'access-control-allow-origin': '*' }
; - app.use(cors({ origin: 'https://example.org' }))
(call_expression
  function: (identifier) @name
  arguments: (arguments (object (pair key: (_) @key value: [(string) (true)] @value)))
  (#eq? @name "cors")
  (#eq? @key "origin")
  (#match? @value "^(?:.\\*.|true)$")) @finding

(call_expression
  arguments: (arguments . (string) @header . (string) @value)
  (#match? @header "^.[Aa]ccess-[Cc]ontrol-[Aa]llow-[Oo]rigin.$")
  (#match? @value "^.\\*.$")) @finding

(pair
  key: (string) @header
  value: (string) @value
  (#match? @header "^.[Aa]ccess-[Cc]ontrol-[Aa]llow-[Oo]rigin.$")
  (#match? @value "^.\\*.$")) @finding
