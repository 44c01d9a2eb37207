; CWE-78 shell
; high
; en: A shell line is put together from values.
; de: Eine Shell-Zeile wird aus Werten zusammengesetzt.
; + exec(`ls ${folder}`)
; + child_process.execSync('rm ' + name)
; + execSync(prefix + name)
; - execFile('ls', [folder])
; - exec('ls -l')
; - pattern.exec(`${text}`)
; - /a/.exec(a + b)
(call_expression
  function: (identifier) @name
  arguments: (arguments . [(template_string (template_substitution)) (binary_expression operator: "+")])
  (#any-of? @name "exec" "execSync")) @finding

(call_expression
  function: (member_expression object: (identifier) @module property: (property_identifier) @name)
  arguments: (arguments . [(template_string (template_substitution)) (binary_expression operator: "+")])
  (#any-of? @module "child_process" "cp" "childProcess" "shell" "shelljs")
  (#any-of? @name "exec" "execSync")) @finding
