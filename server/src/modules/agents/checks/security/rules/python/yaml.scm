; CWE-502 yaml
; high
; en: YAML is read in a form that can run code; use yaml.safe_load.
; de: YAML wird in einer Form gelesen, die Code ausführen kann; nehmen Sie yaml.safe_load.
; + yaml.load(text)
; + yaml.load(text, Loader=yaml.Loader)
; + yaml.unsafe_load(text)
; - yaml.safe_load(text)
; - yaml.load(text, Loader=yaml.SafeLoader)
; - yaml.load(text, Loader=CSafeLoader)
(call
  function: (attribute object: (identifier) @module attribute: (identifier) @name)
  arguments: (argument_list) @arguments
  (#eq? @module "yaml")
  (#any-of? @name "load" "load_all" "unsafe_load" "full_load")
  (#not-match? @arguments "C?SafeLoader")) @finding
