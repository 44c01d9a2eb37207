import sys

source = sys.argv[1] if len(sys.argv) > 1 else "text.txt"
target = sys.argv[2] if len(sys.argv) > 2 else "words.txt"
with open(source, encoding="utf-8") as text:
    words = len(text.read().split())
with open(target, "w", encoding="utf-8") as output:
    output.write(f"{words} words\n")
print(f"{words} words")
