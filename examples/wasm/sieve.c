#include <stdio.h>
#include <stdlib.h>

/* Counts primes up to a number: clang --target=wasm32-wasi -O2 sieve.c -o sieve.wasm */
int main(int argc, char **argv) {
  int limit = argc > 1 ? atoi(argv[1]) : 100000;
  char *composite = calloc((size_t)limit + 1, 1);
  if (composite == NULL) {
    fprintf(stderr, "There is no memory for %d numbers\n", limit);
    return 1;
  }
  int count = 0;
  for (long long number = 2; number <= limit; number++) {
    if (composite[number]) continue;
    count++;
    for (long long multiple = number * number; multiple <= limit; multiple += number) composite[multiple] = 1;
  }
  printf("%d primes up to %d\n", count, limit);
  return 0;
}
