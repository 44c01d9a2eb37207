; CWE-502 pickle
; high
; en: Data is read in a form that can run code.
; de: Daten werden in einer Form gelesen, die Code ausführen kann.
; + pickle.loads(data)
; + cPickle.load(file)
; + marshal.loads(data)
; + shelve.open(name)
; - json.loads(data)
; - pickle.dumps(data)
(call
  function: (attribute object: (identifier) @module attribute: (identifier) @name)
  (#any-of? @module "pickle" "cPickle" "dill" "marshal" "jsonpickle" "shelve")
  (#any-of? @name "load" "loads" "decode" "open" "Unpickler")) @finding
