; CWE-79 HTML
; medium
; en: HTML is set without being escaped.
; de: HTML wird ungefiltert gesetzt.
; + element.innerHTML = name
; + element.outerHTML = `<b>${name}</b>`
; + document.write('<p>' + name)
; + element.insertAdjacentHTML('beforeend', name)
; - element.innerHTML = ''
; - element.innerHTML = '<b>fixed</b>'
; - element.textContent = name
; - stream.write('<p>' + name)
(assignment_expression
  left: (member_expression property: (property_identifier) @property)
  right: (_) @value
  (#any-of? @property "innerHTML" "outerHTML")
  (#not-match? @value "^(?:'[^']*'|\"[^\"]*\"|`[^$`]*`)$")) @finding

(augmented_assignment_expression
  left: (member_expression property: (property_identifier) @property)
  right: (_) @value
  (#any-of? @property "innerHTML" "outerHTML")
  (#not-match? @value "^(?:'[^']*'|\"[^\"]*\"|`[^$`]*`)$")) @finding

(call_expression
  function: (member_expression object: (identifier) @object property: (property_identifier) @method)
  arguments: (arguments . (_) @value)
  (#eq? @object "document")
  (#any-of? @method "write" "writeln")
  (#not-match? @value "^(?:'[^']*'|\"[^\"]*\"|`[^$`]*`)$")) @finding

(call_expression
  function: (member_expression property: (property_identifier) @method)
  arguments: (arguments (_) (_) @value .)
  (#eq? @method "insertAdjacentHTML")
  (#not-match? @value "^(?:'[^']*'|\"[^\"]*\"|`[^$`]*`)$")) @finding
