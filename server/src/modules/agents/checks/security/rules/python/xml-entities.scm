; CWE-611 XML
; medium
; en: XML of others can read files of the server; use defusedxml.
; de: Fremdes XML kann Dateien des Servers lesen; nehmen Sie defusedxml.
; + parser = etree.XMLParser(resolve_entities=True)
; + parser.setFeature(feature_external_ges, True)
; - parser = etree.XMLParser(resolve_entities=False)
(keyword_argument name: (identifier) @key value: (true) (#any-of? @key "resolve_entities" "load_dtd" "huge_tree")) @finding

(call
  function: (attribute attribute: (identifier) @name)
  arguments: (argument_list . (_) @feature . (true))
  (#eq? @name "setFeature")
  (#match? @feature "feature_external")) @finding
