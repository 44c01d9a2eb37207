; CWE-78 shell
; high
; en: A shell line is put together from values.
; de: Eine Shell-Zeile wird aus Werten zusammengesetzt.
; + os.system(f"ls {name}")
; + os.popen("ls " + name)
; + os.system("ls %s" % name)
; + os.system("ls {}".format(name))
; - os.system("ls")
; - os.system("echo {}")
(call
  function: (attribute object: (identifier) @module attribute: (identifier) @name)
  arguments: (argument_list . [
    (string (interpolation))
    (binary_operator)
    (call function: (attribute attribute: (identifier) @format))
  ])
  (#eq? @module "os")
  (#any-of? @name "system" "popen")) @finding
