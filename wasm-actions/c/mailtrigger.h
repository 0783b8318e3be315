/*
 * What a guest written in C needs of its host, without a C library: memory, texts, input, output, errors and logs.
 *
 *   clang --target=wasm32 -Oz -nostdlib -fno-builtin -mbulk-memory -Wl,--no-entry -Wl,--strip-all \
 *     -I wasm-actions/c -o action.wasm action.c
 *
 * Texts cross the border as UTF-8, in blocks of host memory of which a guest knows only the address. Each call runs in a
 * fresh instance, so memory is taken and never given back.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MT_EXPORT(name) __attribute__((export_name(name)))
#define MT_HOST(name) __attribute__((import_module("extism:host/env"), import_name(name)))

MT_HOST("alloc") uint64_t mt_host_alloc(uint64_t size);
MT_HOST("length") uint64_t mt_host_length(uint64_t address);
MT_HOST("load_u8") uint32_t mt_host_load_u8(uint64_t address);
MT_HOST("load_u64") uint64_t mt_host_load_u64(uint64_t address);
MT_HOST("store_u8") void mt_host_store_u8(uint64_t address, uint32_t value);
MT_HOST("store_u64") void mt_host_store_u64(uint64_t address, uint64_t value);
MT_HOST("input_length") uint64_t mt_host_input_length(void);
MT_HOST("input_load_u8") uint32_t mt_host_input_load_u8(uint64_t offset);
MT_HOST("input_load_u64") uint64_t mt_host_input_load_u64(uint64_t offset);
MT_HOST("output_set") void mt_host_output_set(uint64_t address, uint64_t size);
MT_HOST("error_set") void mt_host_error_set(uint64_t address);
MT_HOST("config_get") uint64_t mt_host_config_get(uint64_t key_address);
MT_HOST("log_info") void mt_host_log_info(uint64_t address);
MT_HOST("log_warn") void mt_host_log_warn(uint64_t address);

/* UTF-8 bytes that belong to somebody else; no NUL at the end. `at` is NULL where there is no text at all. */
typedef struct {
  const char *at;
  size_t size;
} text;

#define TEXT(literal) ((text){literal, sizeof(literal) - 1})
static const text no_text = {NULL, 0};

/* From the end of the program's own data on; aligned to eight bytes. Traps when the host gives no more pages. */
static void *take_memory(size_t size) {
  extern char __heap_base;
  static char *free_from = NULL;
  if (free_from == NULL) free_from = (char *)(((uintptr_t)&__heap_base + 7) & ~(uintptr_t)7);
  char *taken = free_from;
  free_from += (size + 7) & ~(size_t)7;
  size_t end = __builtin_wasm_memory_size(0) * 65536;
  if ((size_t)free_from > end) {
    size_t pages = ((size_t)free_from - end + 65535) / 65536;
    if (free_from < taken || __builtin_wasm_memory_grow(0, pages) == (size_t)-1) __builtin_trap();
  }
  return taken;
}

/* A text under construction. Start with `{0}`. */
typedef struct {
  char *at;
  size_t size;
  size_t room;
} builder;

static void put_bytes(builder *to, const char *bytes, size_t size) {
  if (to->size + size > to->room) {
    size_t room = 2 * (to->size + size) + 64;
    char *grown = take_memory(room);
    for (size_t index = 0; index < to->size; index++) grown[index] = to->at[index];
    to->at = grown;
    to->room = room;
  }
  for (size_t index = 0; index < size; index++) to->at[to->size + index] = bytes[index];
  to->size += size;
}

static void put_text(builder *to, text added) { put_bytes(to, added.at, added.size); }
static text built(const builder *from) { return (text){from->at, from->size}; }

static bool same_text(text one, text other) {
  if (one.size != other.size) return false;
  for (size_t index = 0; index < one.size; index++)
    if (one.at[index] != other.at[index]) return false;
  return true;
}

static text cut_text(text from, size_t start, size_t end) {
  if (end > from.size) end = from.size;
  return start >= end ? (text){from.at, 0} : (text){from.at + start, end - start};
}

static bool is_space(char byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
static bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
static char to_lower(char byte) { return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte; }
static bool is_letter(char byte) { return to_lower(byte) >= 'a' && to_lower(byte) <= 'z'; }

static text trim_start(text from) {
  size_t start = 0;
  while (start < from.size && is_space(from.at[start])) start++;
  return cut_text(from, start, from.size);
}

static text trim_end(text from) {
  while (from.size > 0 && is_space(from.at[from.size - 1])) from.size--;
  return from;
}

static text trim(text from) { return trim_end(trim_start(from)); }

/* Whether a text starts with some lower-case ASCII, in any case. */
static bool starts_with(text whole, text start) {
  if (whole.size < start.size) return false;
  for (size_t index = 0; index < start.size; index++)
    if (to_lower(whole.at[index]) != start.at[index]) return false;
  return true;
}

/* How many bytes the first `units` UTF-16 units of a text have: the lengths of this ABI are those of JavaScript. */
static size_t bytes_of_units(text from, size_t units) {
  size_t index = 0;
  while (index < from.size) {
    unsigned char lead = (unsigned char)from.at[index];
    size_t width = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    size_t needed = width == 4 ? 2 : 1;
    if (needed > units) break;
    units -= needed;
    index += width;
  }
  return index < from.size ? index : from.size;
}

static uint64_t to_block(text from) {
  uint64_t address = mt_host_alloc(from.size);
  size_t index = 0;
  for (; index + 8 <= from.size; index += 8) {
    uint64_t word;
    __builtin_memcpy(&word, from.at + index, 8);
    mt_host_store_u64(address + index, word);
  }
  for (; index < from.size; index++) mt_host_store_u8(address + index, (uint8_t)from.at[index]);
  return address;
}

/* The whole input: UTF-8 JSON. */
static inline text read_input(void) {
  size_t size = (size_t)mt_host_input_length();
  char *bytes = take_memory(size);
  size_t index = 0;
  for (; index + 8 <= size; index += 8) {
    uint64_t word = mt_host_input_load_u64(index);
    __builtin_memcpy(bytes + index, &word, 8);
  }
  for (; index < size; index++) bytes[index] = (char)mt_host_input_load_u8(index);
  return (text){bytes, size};
}

/* Gives the answer, as JSON. Return 0 afterwards. */
static inline int32_t write_output(text json) {
  mt_host_output_set(to_block(json), json.size);
  return 0;
}

/* Says why the call fails. Return what this returns. */
static inline int32_t fail(text message) {
  mt_host_error_set(to_block(message));
  return 1;
}

static inline void log_warning(text line) { mt_host_log_warn(to_block(line)); }
