import sys

print("What do you say?", flush=True)
lines = 0
for line in sys.stdin:
    print(f"You said: {line.rstrip()}", flush=True)
    lines += 1
print(f"{lines} lines")
