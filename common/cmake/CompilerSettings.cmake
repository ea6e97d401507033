# How every target of the book is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O3")           # without -DNDEBUG: checks stay on
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")

add_library(gpt_settings INTERFACE)
target_include_directories(gpt_settings INTERFACE ${PROJECT_SOURCE_DIR}/chapters ${PROJECT_SOURCE_DIR})
# No code here reads errno after a math function or depends on floating-point traps; saying so lets loops vectorise.
target_compile_options(gpt_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror -fno-math-errno -fno-trapping-math)
# GCC 12 guesses these from optimised code, and guesses wrong inside the headers of fmt, Eigen and AVX-512.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(gpt_settings INTERFACE
    -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-maybe-uninitialized -Wno-restrict)
  # Vectors wider than the processor's are passed otherwise than on a processor that has them: no matter inside one build.
  target_compile_options(gpt_settings INTERFACE -Wno-psabi)
endif()
if(GPT_NATIVE AND NOT GPT_SANITIZE)
  target_compile_options(gpt_settings INTERFACE -march=native)
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag(-mprefer-vector-width=512 GPT_HAS_VECTOR_WIDTH)
  if(GPT_HAS_VECTOR_WIDTH)
    target_compile_options(gpt_settings INTERFACE -mprefer-vector-width=512)
  endif()
endif()
# Left out of UndefinedBehaviorSanitizer, because they take a third of the compiler's time and say little more: the first
# stops the program anyway, and AddressSanitizer sees what the second would.
foreach(sanitizer IN LISTS GPT_SANITIZE)
  target_compile_options(gpt_settings INTERFACE
    -fsanitize=${sanitizer} -fno-sanitize=null,object-size -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(gpt_settings INTERFACE -fsanitize=${sanitizer})
endforeach()
# Most of the compiler's time goes into headers: so it sees several files as one, which takes it half as long. Not
# in chapters 01 to 08, whose loops must be fast, except with a sanitizer; and not with -DGPT_UNITY=OFF (the debug preset),
# which suits changing one file again and again, and shows that each file includes what it needs.
option(GPT_UNITY "Compile several files of a library as one" ON)
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)
if(GPT_UNITY AND GPT_SANITIZE)
  target_compile_options(gpt_settings INTERFACE -Wno-shadow)   # of a name in another file
endif()
# gpt_compile_together(target 16_trainer): for a library of that chapter.
function(gpt_compile_together target chapter)
  string(SUBSTRING ${chapter} 0 2 number)
  if(GPT_UNITY AND (GPT_SANITIZE OR number GREATER 8))
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON)
  endif()
endfunction()
