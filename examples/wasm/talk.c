#include <stdio.h>
#include <string.h>

/* Answers each line as soon as it is written, until its input ends: clang --target=wasm32-wasi -O2 talk.c -o talk.wasm */
int main(void) {
  char line[1024];
  long lines = 0;
  puts("What do you say?");
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    printf("You said: %s\n", line);
    lines++;
  }
  printf("%ld lines\n", lines);
  return 0;
}
