# PROGRAM, COMMAND ("" for sonata(1)), OUT: one manual page.
execute_process(COMMAND "${PROGRAM}" ${COMMAND} --man OUTPUT_FILE "${OUT}" RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  file(REMOVE "${OUT}")
  message(FATAL_ERROR "${PROGRAM} ${COMMAND} --man ended with ${code}")
endif()
