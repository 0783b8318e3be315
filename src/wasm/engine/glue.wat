;; QuickJS answers to these imports, and the gateway calls these exports: the glue between the two.
;;
;; Texts cross to the host as Extism blocks (i64 addresses), QuickJS values are handles (i32).
;; Memory below 256 is the far end of QuickJS's stack, which its own stack check never lets it reach; constants live there:
;;    64  __call('handle')     96  __call('match')    128  __call('run')
;;   160  __settle()          192  prelude.js         208  __host           224  a length (i32)
(module
  (import "quickjs" "memory" (memory 18))
  (import "quickjs" "_initialize" (func $initialize))
  (import "quickjs" "wasm_malloc" (func $malloc (param i32) (result i32)))
  (import "quickjs" "wasm_free" (func $free (param i32)))
  (import "quickjs" "qjs_init" (func $init (result i32)))
  (import "quickjs" "qjs_set_max_stack_size" (func $set_stack_size (param i32)))
  (import "quickjs" "qjs_eval" (func $eval (param i32 i32 i32 i32) (result i32)))
  (import "quickjs" "qjs_get_float64" (func $get_number (param i32) (result f64)))
  (import "quickjs" "qjs_new_number" (func $new_number (param f64) (result i32)))
  (import "quickjs" "qjs_new_string" (func $new_string (param i32 i32) (result i32)))
  (import "quickjs" "qjs_get_string_len" (func $get_string (param i32 i32) (result i32)))
  (import "quickjs" "qjs_free_cstring" (func $free_string (param i32)))
  (import "quickjs" "qjs_get_undefined" (func $get_undefined (result i32)))
  (import "quickjs" "qjs_dup_value" (func $duplicate (param i32) (result i32)))
  (import "quickjs" "qjs_free_value" (func $free_value (param i32)))
  (import "quickjs" "qjs_get_global" (func $get_global (result i32)))
  (import "quickjs" "qjs_new_host_function" (func $new_host_function (param i32 i32 i32) (result i32)))
  (import "quickjs" "qjs_set_prop_string" (func $set_property (param i32 i32 i32) (result i32)))
  (import "quickjs" "qjs_is_exception" (func $is_exception (param i32) (result i32)))
  (import "quickjs" "qjs_get_exception" (func $get_exception (result i32)))
  (import "quickjs" "qjs_is_job_pending" (func $is_job_pending (result i32)))
  (import "quickjs" "qjs_execute_pending_job" (func $execute_job (result i32)))

  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "length" (func $block_length (param i64) (result i64)))
  (import "extism:host/env" "alloc" (func $block_alloc (param i64) (result i64)))
  (import "extism:host/env" "free" (func $block_free (param i64)))
  (import "extism:host/env" "load_u64" (func $load_8 (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $load_1 (param i64) (result i32)))
  (import "extism:host/env" "store_u64" (func $store_8 (param i64 i64)))
  (import "extism:host/env" "store_u8" (func $store_1 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "extism:host/env" "log_trace" (func $log_trace (param i64)))
  (import "extism:host/env" "log_debug" (func $log_debug (param i64)))
  (import "extism:host/env" "log_info" (func $log_info (param i64)))
  (import "extism:host/env" "log_warn" (func $log_warn (param i64)))
  (import "extism:host/env" "log_error" (func $log_error (param i64)))
  (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
  (import "mailtrigger" "random" (func $random (result i64)))
  (import "mailtrigger" "db_query" (func $db_query (param i64) (result i64)))
  (import "mailtrigger" "db_exec" (func $db_exec (param i64) (result i64)))
  (import "mailtrigger" "mail_search" (func $mail_search (param i64) (result i64)))
  (import "mailtrigger" "mail_get" (func $mail_get (param i64) (result i64)))
  (import "mailtrigger" "people_get" (func $people_get (param i64) (result i64)))
  (import "mailtrigger" "http" (func $http (param i64) (result i64)))
  (import "mailtrigger" "notify" (func $notify (param i64) (result i64)))

  (type $say (func (param i64)))
  (type $ask (func (param i64) (result i64)))

  ;; The numbers of the prelude's `operations` are the indices here; 0, 1 and 8 are not calls with a text.
  (table $operations 17 funcref)
  (elem (table $operations) (i32.const 2) func
    $error_set $log_trace $log_debug $log_info $log_warn $log_error)
  (elem (table $operations) (i32.const 9) func
    $config_get $db_query $db_exec $mail_search $mail_get $people_get $http $notify)

  (data (i32.const 64) "__call('handle')\00")
  (data (i32.const 96) "__call('match')\00")
  (data (i32.const 128) "__call('run')\00")
  (data (i32.const 160) "__settle()\00")
  (data (i32.const 192) "prelude.js\00")
  (data (i32.const 208) "__host\00")

  ;; Set when the guest reported an error, so that the export can return 1 as the ABI asks.
  (global $failed (mut i32) (i32.const 0))

  (func $copy_out (param $from i32) (param $length i32) (result i64)
    (local $block i64) (local $done i32)
    (local.set $block (call $block_alloc (i64.extend_i32_u (local.get $length))))
    (block $words_done
      (loop $words
        (br_if $words_done (i32.gt_u (i32.add (local.get $done) (i32.const 8)) (local.get $length)))
        (call $store_8
          (i64.add (local.get $block) (i64.extend_i32_u (local.get $done)))
          (i64.load align=1 (i32.add (local.get $from) (local.get $done))))
        (local.set $done (i32.add (local.get $done) (i32.const 8)))
        (br $words)))
    (block $bytes_done
      (loop $bytes
        (br_if $bytes_done (i32.ge_u (local.get $done) (local.get $length)))
        (call $store_1
          (i64.add (local.get $block) (i64.extend_i32_u (local.get $done)))
          (i32.load8_u (i32.add (local.get $from) (local.get $done))))
        (local.set $done (i32.add (local.get $done) (i32.const 1)))
        (br $bytes)))
    (local.get $block))

  ;; A block of the host as a new QuickJS string.
  (func $copy_in (param $block i64) (param $length i32) (result i32)
    (local $to i32) (local $done i32) (local $value i32)
    (local.set $to (call $malloc (i32.add (local.get $length) (i32.const 1))))
    (if (i32.eqz (local.get $to)) (then (unreachable)))
    (block $words_done
      (loop $words
        (br_if $words_done (i32.gt_u (i32.add (local.get $done) (i32.const 8)) (local.get $length)))
        (i64.store align=1
          (i32.add (local.get $to) (local.get $done))
          (call $load_8 (i64.add (local.get $block) (i64.extend_i32_u (local.get $done)))))
        (local.set $done (i32.add (local.get $done) (i32.const 8)))
        (br $words)))
    (block $bytes_done
      (loop $bytes
        (br_if $bytes_done (i32.ge_u (local.get $done) (local.get $length)))
        (i32.store8
          (i32.add (local.get $to) (local.get $done))
          (call $load_1 (i64.add (local.get $block) (i64.extend_i32_u (local.get $done)))))
        (local.set $done (i32.add (local.get $done) (i32.const 1)))
        (br $bytes)))
    (local.set $value (call $new_string (local.get $to) (local.get $length)))
    (call $free (local.get $to))
    (local.get $value))

  (func $undefined (result i32) (call $duplicate (call $get_undefined)))

  ;; A QuickJS value as a text in a block of the host; 0 when it cannot be made a text.
  (func $text_of (param $value i32) (result i64)
    (local $text i32) (local $block i64)
    (local.set $text (call $get_string (local.get $value) (i32.const 224)))
    (if (i32.eqz (local.get $text)) (then (return (i64.const 0))))
    (local.set $block (call $copy_out (local.get $text) (i32.load (i32.const 224))))
    (call $free_string (local.get $text))
    (local.get $block))

  ;; __host(operation, text?): everything a script asks of the host.
  (func (export "host_call")
    (param $name i32) (param $name_length i32) (param $this i32) (param $argc i32) (param $argv i32) (result i32)
    (local $operation i32) (local $argument i64) (local $answer i64) (local $value i32)
    (if (i32.lt_u (local.get $argc) (i32.const 1)) (then (return (call $undefined))))
    (local.set $operation (i32.trunc_sat_f64_u (call $get_number (i32.load (local.get $argv)))))
    (if (i32.eqz (local.get $operation))
      (then (return (call $copy_in (call $input_offset) (i32.wrap_i64 (call $input_length))))))
    (if (i32.eq (local.get $operation) (i32.const 8))
      (then (return (call $new_number
        (f64.mul (f64.convert_i64_u (i64.shr_u (call $random) (i64.const 11))) (f64.const 0x1p-53))))))
    (if (i32.or (i32.lt_u (local.get $argc) (i32.const 2)) (i32.gt_u (local.get $operation) (i32.const 16)))
      (then (return (call $undefined))))
    (local.set $argument (call $text_of (i32.load offset=4 (local.get $argv))))
    (if (i64.eqz (local.get $argument)) (then (return (call $undefined))))
    (if (i32.eq (local.get $operation) (i32.const 1))
      (then
        (call $output_set (local.get $argument) (call $block_length (local.get $argument)))
        (return (call $undefined))))
    (if (i32.lt_u (local.get $operation) (i32.const 8))
      (then
        (if (i32.eq (local.get $operation) (i32.const 2)) (then (global.set $failed (i32.const 1))))
        (call_indirect $operations (type $say) (local.get $argument) (local.get $operation))
        (if (i32.ne (local.get $operation) (i32.const 2)) (then (call $block_free (local.get $argument))))
        (return (call $undefined))))
    (local.set $answer (call_indirect $operations (type $ask) (local.get $argument) (local.get $operation)))
    (call $block_free (local.get $argument))
    (if (i64.eqz (local.get $answer)) (then (return (call $undefined))))
    (local.set $value
      (call $copy_in (local.get $answer) (i32.wrap_i64 (call $block_length (local.get $answer)))))
    (call $block_free (local.get $answer))
    (local.get $value))

  ;; Scripts live in UTC, and load no modules at run time.
  (func (export "host_get_timezone_offset") (param i32 i32) (result i32) (i32.const 0))
  (func (export "host_interrupt") (result i32) (i32.const 0))
  (func (export "host_promise_rejection") (param i32 i32 i32)
    (call $free_value (local.get 0))
    (call $free_value (local.get 1)))
  (func (export "host_module_normalize") (param i32 i32) (result i32) (i32.const 0))
  (func (export "host_module_load") (param i32 i32) (result i32) (i32.const 0))

  (func $report_exception (result i32)
    (local $block i64)
    (local.set $block (call $text_of (call $get_exception)))
    (if (i64.ne (local.get $block) (i64.const 0)) (then (call $error_set (local.get $block))))
    (i32.const 1))

  ;; Evaluates a script and then whatever its promises left to do. 1 when something was thrown.
  (func $evaluate (param $script i32) (param $length i32) (param $name i32) (result i32)
    (local $value i32)
    (local.set $value (call $eval (local.get $script) (local.get $length) (local.get $name) (i32.const 0)))
    (if (call $is_exception (local.get $value)) (then (return (call $report_exception))))
    (call $free_value (local.get $value))
    (block $idle
      (loop $jobs
        (br_if $idle (i32.eqz (call $is_job_pending)))
        (if (i32.lt_s (call $execute_job) (i32.const 0)) (then (return (call $report_exception))))
        (br $jobs)))
    (i32.const 0))

  ;; Calls the guest's function, then lets the prelude say whether its promise ever settled.
  (func $call (param $script i32) (param $length i32) (result i32)
    (if (call $evaluate (local.get $script) (local.get $length) (i32.const 192)) (then (return (i32.const 1))))
    (if (call $evaluate (i32.const 160) (i32.const 10) (i32.const 192)) (then (return (i32.const 1))))
    (global.get $failed))

  (func (export "handle") (result i32) (call $call (i32.const 64) (i32.const 16)))
  (func (export "match") (result i32) (call $call (i32.const 96) (i32.const 15)))
  (func (export "run") (result i32) (call $call (i32.const 128) (i32.const 13)))

  ;; For the builder only, which drops them: start the engine, hand it a script.
  (func (export "build_init") (result i32)
    (local $global i32)
    (call $initialize)
    (if (call $init) (then (return (i32.const 1))))
    (call $set_stack_size (i32.const 524288))
    (local.set $global (call $get_global))
    (drop (call $set_property (local.get $global) (i32.const 208)
      (call $new_host_function (i32.const 208) (i32.const 6) (i32.const 2))))
    (call $free_value (local.get $global))
    (i32.const 0))
  (func (export "build_malloc") (param i32) (result i32) (call $malloc (local.get 0)))
  (func (export "build_evaluate") (param $script i32) (param $length i32) (param $name i32) (result i32)
    (call $evaluate (local.get $script) (local.get $length) (local.get $name))))
