import { schemaUnsupported } from './rules.ts';
import { numberOf, type SchemaNode } from './schema-node.ts';

/** Beyond this, numbers of JSON lose digits in JavaScript. */
const largestInteger = 999_999_999_999_999;

/** The bounds as whole numbers; a bound that is none is drawn inwards. Null without any bound. */
export function wholeBounds(
  node: SchemaNode,
  { exclusiveStep }: { readonly exclusiveStep: number },
): { readonly least: number; readonly most: number } | null {
  const minimum = numberOf(node, 'minimum');
  const maximum = numberOf(node, 'maximum');
  const above = numberOf(node, 'exclusiveMinimum');
  const below = numberOf(node, 'exclusiveMaximum');
  if (minimum === null && maximum === null && above === null && below === null) return null;
  const least = Math.max(
    -largestInteger,
    minimum === null ? -largestInteger : Math.ceil(minimum),
    above === null ? -largestInteger : Math.floor(above) + exclusiveStep,
  );
  const most = Math.min(
    largestInteger,
    maximum === null ? largestInteger : Math.floor(maximum),
    below === null ? largestInteger : Math.ceil(below) - exclusiveStep,
  );
  if (least > most) throw schemaUnsupported('no whole number lies between the bounds', node.path);
  return { least, most };
}
