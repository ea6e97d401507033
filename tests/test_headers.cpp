// Nothing: this file stands for the headers that the tests share (CMakeLists.txt).
