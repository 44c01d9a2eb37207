import type { Database, Queryable, Transaction } from '#kernel/database/database.ts';
import type { ModelPrice, ReservationStatus } from './contract-shapes.ts';

export interface StoredReservation {
  readonly id: string;
  readonly userId: string;
  readonly apiKeyId: string | null;
  readonly requestId: string;
  readonly fingerprint: Buffer;
  readonly model: string;
  readonly endpoint: string;
  readonly tokens: bigint;
  readonly price: ModelPrice;
  readonly status: ReservationStatus;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

interface ReservationRow {
  id: string;
  user_id: string;
  api_key_id: string | null;
  request_id: string;
  fingerprint: Buffer;
  model: string;
  endpoint: string;
  tokens: bigint;
  price: ModelPrice;
  status: ReservationStatus;
  created_at: Date;
  expires_at: Date;
}

const columns = `id, user_id, api_key_id, request_id, fingerprint, model, endpoint, tokens, price, status,
                 created_at, expires_at`;

function fromRow(row: ReservationRow): StoredReservation {
  return {
    id: row.id,
    userId: row.user_id,
    apiKeyId: row.api_key_id,
    requestId: row.request_id,
    fingerprint: row.fingerprint,
    model: row.model,
    endpoint: row.endpoint,
    tokens: row.tokens,
    price: row.price,
    status: row.status,
    createdAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at.getTime(),
  };
}

export async function findReservation(
  queryable: Queryable,
  reservationId: string,
): Promise<StoredReservation | undefined> {
  const rows = await queryable.query<ReservationRow>({
    name: 'ledger_reservation_by_id',
    text: `select ${columns} from ledger.reservation where id = $1`,
    values: [reservationId],
  });
  return rows[0] === undefined ? undefined : fromRow(rows[0]);
}

/** The reservation of a request that counts: the one that is held or settled. */
export async function findLiveReservation(
  transaction: Transaction,
  { userId, requestId }: { userId: string; requestId: string },
): Promise<StoredReservation | undefined> {
  const rows = await transaction.query<ReservationRow>({
    name: 'ledger_reservation_by_request',
    text: `select ${columns} from ledger.reservation
            where user_id = $1 and request_id = $2 and status in ('held', 'settled')`,
    values: [userId, requestId],
  });
  return rows[0] === undefined ? undefined : fromRow(rows[0]);
}

export async function insertReservation(
  transaction: Transaction,
  reservation: StoredReservation,
): Promise<void> {
  await transaction.execute({
    name: 'ledger_reservation_insert',
    text: `insert into ledger.reservation (${columns})
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    values: [
      reservation.id,
      reservation.userId,
      reservation.apiKeyId,
      reservation.requestId,
      reservation.fingerprint,
      reservation.model,
      reservation.endpoint,
      reservation.tokens,
      JSON.stringify(reservation.price),
      reservation.status,
      new Date(reservation.createdAtMs),
      new Date(reservation.expiresAtMs),
    ],
  });
}

export async function closeReservation(
  transaction: Transaction,
  change: { reservationId: string; status: ReservationStatus; atMs: number },
): Promise<void> {
  await transaction.execute({
    name: 'ledger_reservation_close',
    text: 'update ledger.reservation set status = $2, closed_at = $3 where id = $1',
    values: [change.reservationId, change.status, new Date(change.atMs)],
  });
}

/** Ids of held reservations whose time is up, the oldest first. */
export async function findExpired(
  database: Database,
  { atMs, limit }: { atMs: number; limit: number },
): Promise<string[]> {
  const rows = await database.query<{ id: string }>({
    text: `select id from ledger.reservation
            where status = 'held' and expires_at <= $1
            order by expires_at limit $2`,
    values: [new Date(atMs), limit],
  });
  return rows.map((row) => row.id);
}
