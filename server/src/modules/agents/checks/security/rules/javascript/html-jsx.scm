; CWE-79 HTML
; medium
; in: javascript tsx
; en: React sets HTML without escaping it.
; de: React setzt HTML ungefiltert.
; + const a = <p dangerouslySetInnerHTML={{ __html: text }} />
; - const a = <p>{text}</p>
(jsx_attribute (property_identifier) @name (#eq? @name "dangerouslySetInnerHTML")) @finding
