# One function for each kind of thing in the book. A CMakeLists.txt of a chapter or a test is one call of one of these.

# The chapters declared so far, lowest first; each chapter may use all that came before it.
set_property(GLOBAL PROPERTY GPT_CHAPTERS "")

# Adds chapters/NN_slug for every NN up to `last` that is there.
function(gpt_add_chapters_up_to last)
  file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true RELATIVE ${PROJECT_SOURCE_DIR}/chapters
       ${PROJECT_SOURCE_DIR}/chapters/[0-9][0-9]_*)
  list(SORT folders)
  foreach(folder IN LISTS folders)
    string(SUBSTRING ${folder} 0 2 number)
    if(number LESS_EQUAL last AND EXISTS ${PROJECT_SOURCE_DIR}/chapters/${folder}/CMakeLists.txt)
      add_subdirectory(chapters/${folder})
    endif()
  endforeach()
endfunction()

# add_chapter(05_gpt SOURCES a.cpp b.cpp [LIBRARIES dnnl …] [PROGRAM name] [PROGRAM_SOURCES main.cpp …]
#             [RANKS 4] [GPU needed|useful])
# A library `chapter_05_gpt` of SOURCES, linked with all chapters before it, and a program of PROGRAM_SOURCES
# (main.cpp unless told), called 05_gpt unless told. RANKS and GPU are read by ./book: the program runs as so many
# processes under mpirun, and the list of chapters says what it does with a GPU.
function(add_chapter name)
  cmake_parse_arguments(A "" "PROGRAM;RANKS;GPU" "SOURCES;LIBRARIES;PROGRAM_SOURCES" ${ARGN})
  get_property(before GLOBAL PROPERTY GPT_CHAPTERS)
  list(TRANSFORM before PREPEND chapter_)
  list(REVERSE before)                       # a static library is named before the ones it needs
  add_library(chapter_${name} STATIC ${A_SOURCES})
  target_link_libraries(chapter_${name} PUBLIC ${before} gpt_common ${A_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY GPT_CHAPTERS ${name})
  gpt_compile_together(chapter_${name} ${name})
  if(NOT A_PROGRAM_SOURCES)
    set(A_PROGRAM_SOURCES main.cpp)
  endif()
  add_executable(program_${name} ${A_PROGRAM_SOURCES})
  target_link_libraries(program_${name} PRIVATE chapter_${name})
  if(NOT A_PROGRAM)
    set(A_PROGRAM ${name})
  endif()
  set_target_properties(program_${name} PROPERTIES OUTPUT_NAME ${A_PROGRAM})
endfunction()

# Sanitizers and libgomp: libgomp's barriers are invisible to ThreadSanitizer, so its tests run with one OpenMP thread.
set(GPT_TEST_ENVIRONMENT OMP_NUM_THREADS=1 "ASAN_OPTIONS=detect_leaks=1" "UBSAN_OPTIONS=print_stacktrace=1"
  "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/one_dnn.supp")

# all_tests: what ctest runs, without the programs that only a reader runs. threads_tests: the test programs labelled
# `threads`, which a build with ThreadSanitizer is for.
if(GPT_TESTS)
  add_custom_target(all_tests)
  add_custom_target(threads_tests)
endif()
# gpt_share_headers(target): the headers that nearly every test includes come precompiled.
function(gpt_share_headers target)
  if(TARGET gpt_test_headers)
    target_precompile_headers(${target} REUSE_FROM gpt_test_headers)
  endif()
endfunction()

function(gpt_collect_test target)
  add_dependencies(all_tests ${target})
  if("threads" IN_LIST ARGN)
    add_dependencies(threads_tests ${target})
  endif()
endfunction()

# What Open MPI needs to run in a container, as root, with more ranks than cores, in shared memory alone.
set(GPT_MPI_ENVIRONMENT
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
  OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl=self,vader OMPI_MCA_pml=ob1
  OMPI_MCA_btl_vader_single_copy_mechanism=none
  GTEST_COLOR=no   # mpirun gives rank 0 a terminal of its own
  ASAN_OPTIONS=detect_leaks=1:leak_check_at_exit=0   # see tests/mpi_tests.cpp
  LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/open_mpi.supp:print_suppressions=0)

# add_chapter_test(05_gpt SOURCES a_test.cpp … [LABELS threads …] [NAME suffix] [LIBRARIES …])
# One GoogleTest program; every TEST() is one entry of ctest, labelled with the chapter. With a sanitizer the program is
# one entry: a thousand starts of sanitized programs would take longer than what most of the tests do.
function(add_chapter_test chapter)
  cmake_parse_arguments(A "" "NAME" "SOURCES;LABELS;LIBRARIES" ${ARGN})
  set(target test_${chapter})
  set(prefix ${chapter})
  if(A_NAME)
    set(target test_${chapter}_${A_NAME})
    set(prefix "${chapter} ${A_NAME}")       # two programs of a chapter may hold the same tests
  endif()
  add_executable(${target} ${A_SOURCES})
  target_link_libraries(${target} PRIVATE chapter_${chapter} GTest::gtest_main ${A_LIBRARIES})
  gpt_share_headers(${target})
  gpt_collect_test(${target} ${A_LABELS})
  gpt_add_entries(${target} "${prefix}" 900 "${chapter};${A_LABELS}")
endfunction()

# gpt_add_entries(test_05_gpt "05_gpt" 900 "05_gpt;threads"): ctest's entries of a GoogleTest program.
function(gpt_add_entries target prefix timeout labels)
  if(GPT_SANITIZE)
    add_test(NAME "${prefix}: all tests" COMMAND ${target})
    set_tests_properties("${prefix}: all tests" PROPERTIES TIMEOUT ${timeout}
      LABELS "${labels}" ENVIRONMENT "${GPT_TEST_ENVIRONMENT}")
    return()
  endif()
  gtest_discover_tests(${target} TEST_PREFIX "${prefix}: " DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES
    TEST_LIST ${target}_tests)
  # gtest_discover_tests cannot pass on a property that is a list, such as two labels: ctest reads them here.
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/${target}_properties.cmake
    "set_tests_properties(\${${target}_tests} PROPERTIES TIMEOUT ${timeout}\n"
    "  LABELS \"${labels}\"\n  ENVIRONMENT \"${GPT_TEST_ENVIRONMENT}\")\n")
  set_property(DIRECTORY APPEND PROPERTY
    TEST_INCLUDE_FILES ${CMAKE_CURRENT_BINARY_DIR}/${target}_properties.cmake)
endfunction()

# add_mpi_test(10_collectives NAME conformance SOURCES a_test.cpp RANKS 1 2 3 4 [LABELS …])
# One GoogleTest program that runs under mpirun, as one entry of ctest per number of ranks. With a sanitizer, which makes
# everything three times as slow, not on more than four ranks: they run the same lines.
function(add_mpi_test chapter)
  cmake_parse_arguments(A "" "NAME" "SOURCES;RANKS;LABELS" ${ARGN})
  set(target test_${chapter}_mpi_${A_NAME})
  add_executable(${target} ${A_SOURCES})
  target_link_libraries(${target} PRIVATE chapter_${chapter} gpt_mpi_main)
  gpt_share_headers(${target})
  gpt_collect_test(${target} ${A_LABELS})
  if(GPT_SANITIZE)
    list(FILTER A_RANKS INCLUDE REGEX "^[1-4]$")
  endif()
  foreach(ranks IN LISTS A_RANKS)
    set(test "${chapter}: mpi ${A_NAME} on ${ranks} ranks")
    add_test(NAME ${test} COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} $<TARGET_FILE:${target}>)
    set_tests_properties(${test} PROPERTIES LABELS "${chapter};mpi;${A_LABELS}" PROCESSORS 2 TIMEOUT 900
      SKIP_RETURN_CODE 77
      ENVIRONMENT "${GPT_TEST_ENVIRONMENT};${GPT_MPI_ENVIRONMENT}")
  endforeach()
endfunction()

# add_script_test(NAME layering COMMAND python3 … [LABELS book] [ENVIRONMENT GPT=$<TARGET_FILE:program_16_trainer> …])
# A test that is a command; exit code 77 means skipped.
function(add_script_test)
  cmake_parse_arguments(A "" "NAME;TIMEOUT" "COMMAND;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 900)
  endif()
  string(REGEX MATCHALL "TARGET_FILE:[^>]+" programs "${A_COMMAND};${A_ENVIRONMENT}")
  foreach(program IN LISTS programs)
    string(REPLACE "TARGET_FILE:" "" program ${program})
    gpt_collect_test(${program})
  endforeach()
  add_test(NAME ${A_NAME} COMMAND ${A_COMMAND} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${A_NAME} PROPERTIES LABELS "${A_LABELS}" TIMEOUT ${A_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "${GPT_TEST_ENVIRONMENT};${GPT_MPI_ENVIRONMENT};${A_ENVIRONMENT}")
  if("lab" IN_LIST A_LABELS)   # hosts of two labs share /tmp, where Open MPI keeps what belongs to a host
    set_tests_properties(${A_NAME} PROPERTIES RESOURCE_LOCK lab)
  endif()
endfunction()
