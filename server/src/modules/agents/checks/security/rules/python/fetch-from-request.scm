; CWE-918 address
; high
; en: A request says what the server fetches; it can reach what only the server may.
; de: Eine Anfrage sagt, was der Server holt; so erreicht sie, was nur der Server darf.
; + requests.get(request.args["url"])
; + urlopen(request.form.get("address"))
; - requests.get("https://example.org")
(call
  function: [(identifier) @name (attribute object: (identifier) @name) (attribute attribute: (identifier) @name)]
  arguments: (argument_list . (_) @address)
  (#any-of? @name "requests" "httpx" "urlopen" "urlretrieve" "aiohttp")
  (#match? @address "^(?:f?['\"](?:https?://)?\\{)?request\\.(?:args|form|values|GET|POST|query_params|json|data)\\b")) @finding
