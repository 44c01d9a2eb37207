#include <ctype.h>
#include <stdio.h>

/* Counts the words of a file of the project and writes the count beside it: clang --target=wasm32-wasi -O2 words.c -o words.wasm */
int main(int argc, char **argv) {
  const char *source = argc > 1 ? argv[1] : "/workspace/text.txt";
  const char *target = argc > 2 ? argv[2] : "/workspace/words.txt";
  FILE *input = fopen(source, "r");
  if (input == NULL) {
    perror(source);
    return 1;
  }
  long words = 0;
  int inside = 0;
  for (int character; (character = fgetc(input)) != EOF;) {
    int space = isspace(character);
    if (!space && !inside) words++;
    inside = !space;
  }
  fclose(input);
  FILE *output = fopen(target, "w");
  if (output == NULL) {
    perror(target);
    return 1;
  }
  fprintf(output, "%ld words\n", words);
  if (fclose(output) != 0) {
    perror(target);
    return 1;
  }
  printf("%ld words\n", words);
  return 0;
}
