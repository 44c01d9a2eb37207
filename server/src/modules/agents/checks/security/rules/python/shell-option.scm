; CWE-78 shell
; medium
; en: A shell reads what is run; pass a list without one.
; de: Eine Shell liest, was ausgeführt wird; übergeben Sie ohne sie eine Liste.
; + subprocess.run(command, shell=True)
; + Popen("ls " + name, shell=True)
; - subprocess.run(["ls", name])
; - subprocess.run(["ls"], shell=False)
(call
  arguments: (argument_list (keyword_argument name: (identifier) @key value: (true)))
  (#eq? @key "shell")) @finding
