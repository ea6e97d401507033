# shellcheck shell=bash disable=SC2154
# Part of ./book: all tests, and what came of them in one line, with the reasons for those that were skipped.

# Why tests were skipped, and how many for each reason: what a test said after "Skipped" or "skipped:".
reasons_to_skip() {
  awk 'function tell() { if (skipped) count[reason == "" ? "for a reason that only its log knows: " name : reason]++ }
    /<testcase / { tell(); skipped = 0; reason = ""; name = $0; sub(/.*<testcase name="/, "", name); sub(/".*/, "", name) }
    /<skipped/ { skipped = 1 }
    said { reason = $0; said = 0 }
    /: Skipped$/ { said = 1 }
    /(^|>)([Ss]kipped|SKIPPED): / { reason = $0; sub(/.*([Ss]kipped|SKIPPED): */, "", reason) }
    END { tell(); for (why in count) printf "%6d skipped: %s\n", count[why], why }' "$1" | sort -rn
}

run_tests() {
  local status=0 junit=$build/tests.xml
  need "${needed_to_test[@]}"
  configure -DGPT_TESTS=ON
  build all
  mpi_environment
  (cd "$root" && ctest --preset release -j "$(cores)" --output-junit "$junit" "$@") || status=$?
  count() { grep -o -m 1 "[[:space:]]$1=\"[0-9]*\"" "$junit" | tr -dc 0-9; }
  local all failed skipped
  all=$(count tests) failed=$(count failures) skipped=$(($(count skipped) + $(count disabled)))
  echo "book test: $((all - failed - skipped)) passed, $failed failed, $skipped skipped"
  reasons_to_skip "$junit"
  return "$status"
}
