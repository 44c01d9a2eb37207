// AssemblyScript: npx asc sieve.as.ts -o sieve.wasm --optimize
/** Counts primes up to a number. */
export function countPrimes(limit: i32): i32 {
  const composite = new Uint8Array(limit + 1);
  let count = 0;
  for (let number = 2; number <= limit; number++) {
    if (composite[number]) continue;
    count++;
    for (let multiple = (number as i64) * number; multiple <= limit; multiple += number)
      composite[multiple as i32] = 1;
  }
  return count;
}

/** The largest Fibonacci numbers need 64 bits. */
export function fibonacci(index: i32): i64 {
  let previous: i64 = 0;
  let current: i64 = 1;
  for (let step = 0; step < index; step++) {
    const next = previous + current;
    previous = current;
    current = next;
  }
  return previous;
}

export function hello(): void {
  console.log('Hello from AssemblyScript');
}
