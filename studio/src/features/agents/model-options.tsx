import { useQuery } from '@tanstack/react-query';
import { chatModelsQuery } from '../../app/queries.ts';

/** The models that answer conversations, as options; one that is chosen and gone stands among them. */
export function ModelOptions({ chosen }: { chosen: string | null | undefined }) {
  const models = useQuery(chatModelsQuery).data?.map(({ id }) => id) ?? [];
  const known = chosen == null || models.includes(chosen) ? models : [chosen, ...models];
  return known.map((model) => (
    <option key={model} value={model}>
      {model}
    </option>
  ));
}
