# Exercises: one file to be written, its solution, wrong solutions, and one set of tests for all of them.

# Where ./book grade puts the files that it grades.
set(GPT_GRADED_FOLDER ${PROJECT_BINARY_DIR}/graded)

# gpt_exercise_program(TARGET SOURCE file TESTS object-library RANKS n KERNELS emulated|checked LIBRARIES …)
function(gpt_exercise_program target)
  cmake_parse_arguments(A "" "SOURCE;TESTS;RANKS;KERNELS" "LIBRARIES" ${ARGN})
  add_executable(${target} EXCLUDE_FROM_ALL)
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${A_TESTS}>)
  if(A_KERNELS)
    add_kernels(${target} SOURCES ${A_SOURCE} NOT_ON_GPU LIBRARIES ${A_LIBRARIES})
    set_target_properties(kernels_${target}_emulated PROPERTIES EXCLUDE_FROM_ALL ON)
    if(TARGET kernels_${target}_checked)
      set_target_properties(kernels_${target}_checked PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
    gpt_kernel_wrappers(source ${target} ${A_SOURCE})
    target_link_libraries(${target} PRIVATE kernels_${target}_${A_KERNELS})
  else()
    target_sources(${target} PRIVATE ${A_SOURCE})
    set(source ${A_SOURCE})
    set_property(SOURCE ${source} PROPERTY COMPILE_DEFINITIONS _GLIBCXX_ASSERTIONS)  # v[n] of n elements is said
  endif()
  # A learner's warning is shown, and no more; and a function that is still to be written uses no parameter.
  set_property(SOURCE ${source} PROPERTY COMPILE_OPTIONS -Wno-error -Wno-unused-parameter -Wno-unused-function)
  if(target MATCHES "^(exercise|graded)_")      # a return that is missing crashes, and the crash says nothing
    set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS -Werror=return-type)
  endif()
  if(A_RANKS)
    target_link_libraries(${target} PRIVATE exercise_main_mpi)
  else()
    target_link_libraries(${target} PRIVATE exercise_main)
  endif()
  target_link_libraries(${target} PRIVATE ${A_LIBRARIES} GTest::gtest)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin/exercises)
endfunction()

# add_exercise(09_averaging stratified_split [RANKS 3] [LIBRARIES …])
# For exercises/09_averaging/stratified_split.cpp (or .cu), with tests/exercises/09_averaging/stratified_split_test.cpp
# and the wrong solutions in tests/exercises/09_averaging/wrong/stratified_split/. None is part of `all`.
#   exercise_09_averaging_stratified_split         the learner's file
#   solution_09_averaging_stratified_split         the one in solutions/
#   graded_09_averaging_stratified_split           the one that ./book grade has put into build/release/graded
#   wrong_09_averaging_stratified_split_NAME       a wrong solution NAME.cpp
# With RANKS the program is for mpirun. A .cu is built for the SIMT machine that watches every access, where there is
# one (Kernels.cmake).
function(add_exercise chapter name)
  cmake_parse_arguments(A "" "RANKS" "LIBRARIES" ${ARGN})
  set(id ${chapter}_${name})
  set(libraries chapter_${chapter} ${A_LIBRARIES})
  if(A_RANKS)
    list(APPEND libraries MPI::MPI_CXX)
  endif()
  set(suffix cpp)
  set(kernels "")
  if(EXISTS ${PROJECT_SOURCE_DIR}/exercises/${chapter}/${name}.cu)
    set(suffix cu)
    set(kernels emulated)
    if(GPT_CHECKED_KERNELS)
      set(kernels checked)
    endif()
  endif()

  add_library(exercise_tests_${id} OBJECT EXCLUDE_FROM_ALL ${name}_test.cpp)
  target_link_libraries(exercise_tests_${id} PRIVATE ${libraries} GTest::gtest GTest::gmock)
  gpt_share_headers(exercise_tests_${id})
  if(kernels)
    target_compile_definitions(exercise_tests_${id} PRIVATE KERNEL_SPACE=${kernels})
    if(kernels STREQUAL checked)
      target_compile_definitions(exercise_tests_${id} PRIVATE SIMT_CHECKED)
    endif()
  endif()

  set(common TESTS exercise_tests_${id} RANKS ${A_RANKS} KERNELS ${kernels} LIBRARIES ${libraries})
  gpt_exercise_program(exercise_${id} SOURCE ${PROJECT_SOURCE_DIR}/exercises/${chapter}/${name}.${suffix} ${common})
  set(solution ${PROJECT_SOURCE_DIR}/solutions/${chapter}/${name}.${suffix})
  if(EXISTS ${solution})                                  # a tree for learners may do without
    gpt_exercise_program(solution_${id} SOURCE ${solution} ${common})
    add_dependencies(all_solutions solution_${id})
  endif()
  set(graded ${GPT_GRADED_FOLDER}/${chapter}/${name}.${suffix})
  if(NOT EXISTS ${graded})
    configure_file(${PROJECT_SOURCE_DIR}/exercises/${chapter}/${name}.${suffix} ${graded} COPYONLY)
  endif()
  gpt_exercise_program(graded_${id} SOURCE ${graded} ${common})
  add_dependencies(all_exercises exercise_${id})
  file(GLOB wrong CONFIGURE_DEPENDS wrong/${name}/*.${suffix})
  foreach(file IN LISTS wrong)
    cmake_path(GET file STEM mistake)
    gpt_exercise_program(wrong_${id}_${mistake} SOURCE ${file} ${common})
    add_dependencies(all_wrong_solutions wrong_${id}_${mistake})
  endforeach()
  if(NOT A_RANKS)
    set(A_RANKS 0)
  endif()
  set_property(GLOBAL APPEND PROPERTY GPT_EXERCISES "${id} ${A_RANKS}")
endfunction()
