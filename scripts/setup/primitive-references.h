// better-sqlite3 13 keeps references to primitive values (strings, booleans), which a Node-API before 10 refuses:
// Node 20 and Electron 25 crash. This header is force-included when the package is compiled for such a host. It
// puts a primitive into a one-element array and references the array; the lowest bit of the reference, always 0 in
// a pointer, marks such a box. Objects, functions and symbols pass through untouched.
#pragma once
#ifdef __cplusplus
#include <cstdint>
#include <node_api.h>

namespace boxed_reference {

inline bool is_boxed(napi_ref reference) { return (reinterpret_cast<std::uintptr_t>(reference) & 1) != 0; }

inline napi_ref plain(napi_ref reference) {
  return reinterpret_cast<napi_ref>(reinterpret_cast<std::uintptr_t>(reference) & ~std::uintptr_t{1});
}

inline napi_ref marked(napi_ref reference) {
  return reinterpret_cast<napi_ref>(reinterpret_cast<std::uintptr_t>(reference) | 1);
}

inline bool can_be_referenced(napi_valuetype type) {
  return type == napi_object || type == napi_function || type == napi_external || type == napi_symbol;
}

inline napi_status create(napi_env env, napi_value value, uint32_t count, napi_ref *result) {
  napi_valuetype type;
  napi_status status = napi_typeof(env, value, &type);
  if (status != napi_ok) return status;
  if (can_be_referenced(type)) return napi_create_reference(env, value, count, result);

  napi_value box;
  status = napi_create_array_with_length(env, 1, &box);
  if (status != napi_ok) return status;
  status = napi_set_element(env, box, 0, value);
  if (status != napi_ok) return status;
  // A weak reference to a box that nobody else holds would be gone at once, so a box is always held.
  napi_ref reference;
  status = napi_create_reference(env, box, count == 0 ? 1 : count, &reference);
  if (status == napi_ok) *result = marked(reference);
  return status;
}

inline napi_status value(napi_env env, napi_ref reference, napi_value *result) {
  if (!is_boxed(reference)) return napi_get_reference_value(env, reference, result);
  napi_value box;
  napi_status status = napi_get_reference_value(env, plain(reference), &box);
  if (status != napi_ok) return status;
  if (box == nullptr) {
    *result = nullptr;
    return napi_ok;
  }
  return napi_get_element(env, box, 0, result);
}

inline napi_status remove(napi_env env, napi_ref reference) { return napi_delete_reference(env, plain(reference)); }

inline napi_status hold(napi_env env, napi_ref reference, uint32_t *count) {
  return napi_reference_ref(env, plain(reference), count);
}

inline napi_status release(napi_env env, napi_ref reference, uint32_t *count) {
  return napi_reference_unref(env, plain(reference), count);
}

}  // namespace boxed_reference

#define napi_create_reference boxed_reference::create
#define napi_get_reference_value boxed_reference::value
#define napi_delete_reference boxed_reference::remove
#define napi_reference_ref boxed_reference::hold
#define napi_reference_unref boxed_reference::release
#endif
