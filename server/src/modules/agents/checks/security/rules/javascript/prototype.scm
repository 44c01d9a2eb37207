; CWE-1321 prototype
; medium
; en: A request can name __proto__ here and change every object.
; de: Eine Anfrage kann hier __proto__ nennen und jedes Objekt ändern.
; + settings[req.body.key] = req.body.value
; + Object.assign(user, req.body)
; + user[req.params.a][req.params.b] = 1
; - settings.key = req.body.value
; - const copy = Object.assign({}, defaults)
(assignment_expression
  left: (subscript_expression index: (_) @index)
  (#match? @index "^(?:req|request)\\.(?:params|query|body)\\b")) @finding

(call_expression
  function: (member_expression object: (identifier) @object property: (property_identifier) @method)
  arguments: (arguments (member_expression) @given .)
  (#eq? @object "Object")
  (#eq? @method "assign")
  (#match? @given "^(?:req|request)\\.(?:query|body)$")) @finding
