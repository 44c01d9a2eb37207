; CWE-942 CORS
; medium
; en: Every site may read the answers.
; de: Jede Website darf die Antworten lesen.
; + app.add_middleware(CORSMiddleware, allow_origins=["*"])
; + CORS(app, origins="*")
; + response.headers["Access-Control-Allow-Origin"] = "*"
; - app.add_middleware(CORSMiddleware, allow_origins=["https://example.org"])
(keyword_argument
  name: (identifier) @key
  value: [(string) (list)] @value
  (#any-of? @key "allow_origins" "origins")
  (#match? @value "^\\[?['\"]\\*['\"]\\]?$")) @finding

(assignment
  left: (subscript subscript: (string) @header)
  right: (string) @value
  (#match? @header "^.[Aa]ccess-[Cc]ontrol-[Aa]llow-[Oo]rigin.$")
  (#match? @value "^.\\*.$")) @finding
