# Kernels: the same .cu files for the CPU (chapter 06's SIMT machine) and for GPUs.

# The checked build has the compiler announce every access to memory. g++ announces all of them, clang not copies of
# 16 bytes; and the functions that are called are ThreadSanitizer's by name, so the two exclude each other.
set(GPT_CHECKED_KERNELS OFF)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND NOT "thread" IN_LIST GPT_SANITIZE)
  set(GPT_CHECKED_KERNELS ON)
endif()

# One file cannot be CUDA and C++ in one folder, for CMake. So the C++ builds compile a file that includes it.
function(gpt_kernel_wrappers variable library)
  set(wrappers)
  foreach(file IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH file NORMALIZE OUTPUT_VARIABLE path)
    if(path MATCHES "\\.cu$")
      cmake_path(GET path FILENAME name)
      set(wrapper ${CMAKE_CURRENT_BINARY_DIR}/kernels/${library}/${name}.cpp)
      file(CONFIGURE OUTPUT ${wrapper} CONTENT "#include \"@path@\"\n" @ONLY)
      # Each file of kernels has its own `threads`.
      set_source_files_properties(${wrapper} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
      set(path ${wrapper})
    endif()
    list(APPEND wrappers ${path})
  endforeach()
  set(${variable} ${wrappers} PARENT_SCOPE)
endfunction()

# add_kernels(07_softmax SOURCES softmax.cu … [LIBRARIES …] [NOT_ON_GPU])
# Up to three static libraries of the same files, which one program may link together: everything in them is in the
# namespace gpt::KERNEL_SPACE.
#   kernels_07_softmax_emulated   namespace gpt::emulated: C++ on the SIMT machine; always
#   kernels_07_softmax_checked    namespace gpt::checked: the same, watched; if GPT_CHECKED_KERNELS
#   kernels_07_softmax_cuda       namespace gpt::cuda: CUDA; if GPT_HAVE_CUDA
# A .cpp among the files is host code that calls kernels: C++ in each of the three.
function(add_kernels name)
  cmake_parse_arguments(A "NOT_ON_GPU" "" "SOURCES;LIBRARIES" ${ARGN})
  gpt_kernel_wrappers(wrappers ${name} ${A_SOURCES})
  set(includes $<TARGET_PROPERTY:chapter_06_simt,INTERFACE_INCLUDE_DIRECTORIES>)
  set(settings $<TARGET_PROPERTY:gpt_settings,INTERFACE_COMPILE_OPTIONS>)

  add_library(kernels_${name}_emulated STATIC ${wrappers})
  target_link_libraries(kernels_${name}_emulated PUBLIC chapter_06_simt ${A_LIBRARIES})
  # A thread is scalar code, so -O3 has nothing to vectorise; and g++ does not know `#pragma unroll`.
  target_compile_options(kernels_${name}_emulated PRIVATE -Wno-unknown-pragmas $<$<CONFIG:Release>:-O2 -funroll-loops>)
  target_compile_definitions(kernels_${name}_emulated PRIVATE KERNEL_SPACE=emulated)
  gpt_compile_together(kernels_${name}_emulated ${name})

  if(GPT_CHECKED_KERNELS)
    # Kernels are watched, the host code that calls them is not.
    set(host_code ${wrappers})
    list(FILTER wrappers INCLUDE REGEX "\\.cu\\.cpp$")
    list(FILTER host_code EXCLUDE REGEX "\\.cu\\.cpp$")
    add_library(kernels_${name}_checked STATIC ${host_code})
    set_target_properties(kernels_${name}_checked PROPERTIES LINKER_LANGUAGE CXX)
    target_link_libraries(kernels_${name}_checked PUBLIC chapter_06_simt ${A_LIBRARIES})
    target_compile_definitions(kernels_${name}_checked PRIVATE KERNEL_SPACE=checked SIMT_CHECKED)
    if(wrappers)
      add_library(kernels_${name}_watched OBJECT EXCLUDE_FROM_ALL ${wrappers})
      target_sources(kernels_${name}_checked PRIVATE $<TARGET_OBJECTS:kernels_${name}_watched>)
      target_include_directories(kernels_${name}_watched PRIVATE ${includes})
      target_compile_definitions(kernels_${name}_watched PRIVATE KERNEL_SPACE=checked SIMT_CHECKED)
      # -O1 and no scalar replacement of aggregates: a load of a float4 stays one load of 16 bytes. DWARF 4, because
      # the addr2line of Debian 12 takes one file for another in DWARF 5.
      target_compile_options(kernels_${name}_watched PRIVATE $<FILTER:${settings},EXCLUDE,sanitize>
        -Wno-unknown-pragmas -O1 -g1 -gdwarf-4 -fno-tree-sra -fsanitize=thread
        --param=tsan-instrument-func-entry-exit=0)
    endif()
  endif()

  if(GPT_HAVE_CUDA AND NOT A_NOT_ON_GPU)
    add_library(kernels_${name}_cuda STATIC ${A_SOURCES})
    target_link_libraries(kernels_${name}_cuda INTERFACE chapter_06_simt ${A_LIBRARIES} PUBLIC CUDA::cudart_static)
    target_include_directories(kernels_${name}_cuda PRIVATE ${includes})
    target_compile_definitions(kernels_${name}_cuda PRIVATE KERNEL_SPACE=cuda SIMT_USE_CUDA)
    target_compile_options(kernels_${name}_cuda PRIVATE
      $<$<COMPILE_LANGUAGE:CXX>:${settings}>
      # Constexpr functions, such as chapter 01's Philox, may be called by kernels.
      $<$<COMPILE_LANGUAGE:CUDA>:-lineinfo --expt-relaxed-constexpr -Werror=all-warnings -Xcompiler=-Wall>)
  endif()
endfunction()

# add_kernel_test(07_cuda_kernels NAME softmax SOURCES softmax_test.cpp KERNELS 07_softmax)
# The same tests of host functions in namespace gpt::KERNEL_SPACE, for each library that add_kernels made. With
# AddressSanitizer the checked machine watches its own tests alone (chapter 06): of the later kernels it sees the same
# accesses as the sanitizer does in the emulated ones, and the two of them together are very slow.
function(add_kernel_test chapter)
  cmake_parse_arguments(A "" "NAME;KERNELS" "SOURCES;LABELS;LIBRARIES" ${ARGN})
  set(variants emulated checked cuda)
  if(GPT_SANITIZE AND NOT chapter STREQUAL 06_simt)
    list(REMOVE_ITEM variants checked)
  endif()
  foreach(variant IN LISTS variants)
    if(TARGET kernels_${A_KERNELS}_${variant})
      add_chapter_test(${chapter} NAME ${A_NAME}_${variant} SOURCES ${A_SOURCES} LABELS kernels ${A_LABELS}
        LIBRARIES kernels_${A_KERNELS}_${variant} ${A_LIBRARIES})
      set(test test_${chapter}_${A_NAME}_${variant})
      target_compile_definitions(${test} PRIVATE KERNEL_SPACE=${variant})
      if(variant STREQUAL checked)
        target_compile_definitions(${test} PRIVATE SIMT_CHECKED)
      elseif(variant STREQUAL cuda)
        target_compile_definitions(${test} PRIVATE SIMT_USE_CUDA)
        target_include_directories(${test} SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
      endif()
    endif()
  endforeach()
endfunction()
