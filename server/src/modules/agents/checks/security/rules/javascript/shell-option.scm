; CWE-78 shell
; medium
; en: A shell reads what is run; pass the arguments without one.
; de: Eine Shell liest, was ausgeführt wird; übergeben Sie die Argumente ohne sie.
; + spawn(command, [name], { shell: true })
; + execFileSync('ls', [a], { cwd, shell: '/bin/sh' })
; - spawn(command, [name], { shell: false })
; - spawn(command, [name])
(call_expression
  function: [(identifier) @name (member_expression property: (property_identifier) @name)]
  arguments: (arguments (object (pair key: (property_identifier) @key value: [(true) (string)])))
  (#any-of? @name "spawn" "spawnSync" "execFile" "execFileSync")
  (#eq? @key "shell")) @finding
