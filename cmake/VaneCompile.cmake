# SPDX-License-Identifier: Apache-2.0
# Compiler settings shared by every target, and the helper that makes a folder a library.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

find_program(VANE_CCACHE ccache)
if(VANE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers are cached only with these two sloppiness settings; the base folder lets
  # two checkouts share results.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${VANE_CCACHE})
endif()
find_program(VANE_LLD ld.lld)
if(VANE_LLD)
  add_link_options(-fuse-ld=lld)
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -fno-math-errno)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fpch-preprocess)
endif()
if(VANE_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_compile_options(-fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(VANE_SANITIZE)
  add_compile_options(-fsanitize=${VANE_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${VANE_SANITIZE})
  if(VANE_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=vptr -fno-sanitize-recover=all)
  endif()
endif()

if(VANE_FUZZ)
  # Checksums are not compared in fuzz builds: no mutation would ever pass them.
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_compile_definitions(VANE_FUZZ_SKIPS_CRC)
endif()

# vane_folder_library(NAME [TORCH] SOURCES folder... DEPENDS target...)
# Every *.cpp directly in the folders becomes part of the static library NAME.
function(vane_folder_library name)
  cmake_parse_arguments(ARG "TORCH" "" "FOLDERS;DEPENDS" ${ARGN})
  set(sources)
  foreach(folder ${ARG_FOLDERS})
    file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS})
  if(ARG_TORCH)
    vane_use_torch(${name})
  endif()
endfunction()

# Links the CPU parts of LibTorch and reuses the one precompiled header.
function(vane_use_torch name)
  target_link_libraries(${name} PUBLIC vane_torch)
  get_target_property(type ${name} TYPE)
  if(type STREQUAL "EXECUTABLE")
    # CMake would compile programs with -fPIE, which the precompiled header of -fPIC refuses.
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name} PRIVATE -fPIC)
  endif()
  if(NOT name STREQUAL "vane_pch")
    target_precompile_headers(${name} REUSE_FROM vane_pch)
  endif()
endfunction()

# Makes MKL use its fast kernels on AMD processors in this program; `vane` does it by itself.
function(vane_fast_mkl program)
  if(VANE_MKL_AMD)
    target_sources(${program} PRIVATE ${CMAKE_SOURCE_DIR}/cli/mkl_kernels.cpp)
    set_target_properties(${program} PROPERTIES ENABLE_EXPORTS ON)
  endif()
endfunction()
