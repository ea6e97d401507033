# Gathers the book into one text and links it into a program: cmake -D OUTPUT=… -D ROOT=… -P corpus.cmake writes the text;
# included, it declares the library `book_corpus`.
#
# Order: chapter by chapter, in each the lesson, then headers and sources by name. Every file is introduced by its name.
# Lessons and sources only: what a chapter's tests, pictures and build files say is another book.
if(CMAKE_SCRIPT_MODE_FILE)
  file(GLOB lessons ${ROOT}/chapters/*/README.md)
  list(SORT lessons)
  file(GLOB chapters LIST_DIRECTORIES true ${ROOT}/chapters/[0-9][0-9]_*)
  list(SORT chapters)
  set(text "")
  foreach(chapter IN LISTS chapters)
    file(GLOB sources ${chapter}/*.hpp ${chapter}/*.cpp ${chapter}/*.cu ${chapter}/*.cuh)
    list(SORT sources)
    if(EXISTS ${chapter}/README.md)
      list(PREPEND sources ${chapter}/README.md)
    endif()
    foreach(source IN LISTS sources)
      file(RELATIVE_PATH name ${ROOT} ${source})
      file(READ ${source} contents)
      string(APPEND text "// ==== ${name} ====\n\n${contents}\n")
    endforeach()
  endforeach()
  file(WRITE ${OUTPUT}.new "${text}")
  file(COPY_FILE ${OUTPUT}.new ${OUTPUT} ONLY_IF_DIFFERENT)   # an unchanged text is not linked again
  return()
endif()

set(corpus ${CMAKE_CURRENT_BINARY_DIR}/book.txt)
file(GLOB corpus_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/chapters/*/README.md
     ${PROJECT_SOURCE_DIR}/chapters/*/*.hpp ${PROJECT_SOURCE_DIR}/chapters/*/*.cpp
     ${PROJECT_SOURCE_DIR}/chapters/*/*.cu ${PROJECT_SOURCE_DIR}/chapters/*/*.cuh)
add_custom_command(OUTPUT ${corpus}
  COMMAND ${CMAKE_COMMAND} -D OUTPUT=${corpus} -D ROOT=${PROJECT_SOURCE_DIR} -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS ${corpus_sources} ${CMAKE_CURRENT_LIST_FILE} COMMENT "Gathering the book into one text")
# .incbin takes the file's bytes as they are; the object is made anew when they change, and nothing else is.
file(CONFIGURE OUTPUT book_corpus.s CONTENT [[
.section .rodata
.global gpt_book_begin
.global gpt_book_end
gpt_book_begin: .incbin "@corpus@"
gpt_book_end: .byte 0
.section .note.GNU-stack,"",%progbits
]] @ONLY)
enable_language(ASM)
add_library(book_corpus OBJECT ${CMAKE_CURRENT_BINARY_DIR}/book_corpus.s)
set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/book_corpus.s PROPERTIES OBJECT_DEPENDS ${corpus})
