; CWE-502 deserialize
; high
; en: Data is read in a form that can run code.
; de: Daten werden in einer Form gelesen, die Code ausführen kann.
; + serialize.unserialize(body)
; + vm.runInNewContext(code)
; - JSON.parse(body)
(call_expression
  function: [(identifier) @name (member_expression property: (property_identifier) @name)]
  (#any-of? @name "unserialize" "runInNewContext" "runInThisContext" "runInContext")) @finding
