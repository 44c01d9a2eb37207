import sys

limit = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
composite = bytearray(limit + 1)
count = 0
for number in range(2, limit + 1):
    if composite[number]:
        continue
    count += 1
    composite[number * number :: number] = b"\x01" * len(range(number * number, limit + 1, number))
print(f"{count} primes up to {limit}")
