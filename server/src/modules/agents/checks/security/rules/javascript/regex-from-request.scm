; CWE-1333 pattern
; medium
; en: A request gives a regular expression; one that never ends stops the server.
; de: Eine Anfrage gibt einen regulären Ausdruck vor; ein endloser hält den Server an.
; + const pattern = new RegExp(req.query.search)
; - const pattern = new RegExp(escapeRegex(req.query.search))
(new_expression
  constructor: (identifier) @constructor
  arguments: (arguments . (_) @pattern)
  (#eq? @constructor "RegExp")
  (#match? @pattern "^(?:`[^`]*\\$\\{ *)?(?:req|request)\\.(?:params|query|body)\\b")) @finding
