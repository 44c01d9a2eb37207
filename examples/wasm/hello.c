#include <stdio.h>

/* clang --target=wasm32-wasi -O2 hello.c -o hello.wasm */
int main(int argc, char **argv) {
  printf("Hello, %s\n", argc > 1 ? argv[1] : "world");
  return 0;
}
