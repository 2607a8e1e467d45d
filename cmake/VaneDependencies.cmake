# SPDX-License-Identifier: Apache-2.0
# Libraries of others. LibTorch comes from the unpacked PyPI wheel (setup.sh) or from
# VANE_TORCH_ROOT, a folder with lib/ and include/.

find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(TIFF REQUIRED)
find_package(pugixml REQUIRED)
# The package's own target would pull in libraries that the face landmarks do not use. dlib's templates
# call BLAS and LAPACK; LibTorch binds its own inside and is not touched by them.
find_library(VANE_DLIB_LIBRARY dlib REQUIRED)
find_library(VANE_BLAS_LIBRARY NAMES blas libblas.so.3 REQUIRED)
find_library(VANE_LAPACK_LIBRARY NAMES lapack liblapack.so.3 REQUIRED)
find_library(VANE_WEBP_LIBRARY webp REQUIRED)
find_library(VANE_LCMS_LIBRARY lcms2 REQUIRED)
# The variant that may be called from several threads.
find_library(VANE_RAW_LIBRARY raw_r REQUIRED)

if(NOT VANE_DEPS)
  if(DEFINED ENV{VANE_DEPS})
    set(default_deps $ENV{VANE_DEPS})
  elseif(DEFINED ENV{XDG_CACHE_HOME})
    set(default_deps $ENV{XDG_CACHE_HOME}/vane/deps)
  else()
    set(default_deps $ENV{HOME}/.cache/vane/deps)
  endif()
endif()
set(VANE_DEPS "${default_deps}" CACHE PATH "Where setup.sh unpacked its downloads")
set(VANE_TORCH_ROOT "${VANE_DEPS}/site/torch" CACHE PATH "LibTorch: a folder with lib/ and include/")

if(VANE_TORCH)
  find_library(VANE_TORCH_CPU torch_cpu PATHS ${VANE_TORCH_ROOT}/lib NO_DEFAULT_PATH)
  find_library(VANE_C10 c10 PATHS ${VANE_TORCH_ROOT}/lib NO_DEFAULT_PATH)
  if(NOT VANE_TORCH_CPU OR NOT VANE_C10)
    message(FATAL_ERROR "LibTorch is not in ${VANE_TORCH_ROOT}; run ./setup.sh --no-build first")
  endif()
  if(EXISTS ${VANE_TORCH_ROOT}/include/fmt)
    # Headers of another fmt than the one that is linked; the installed ones must come first.
    get_target_property(fmt_include fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/fmt_first)
    file(CREATE_LINK ${fmt_include}/fmt ${CMAKE_BINARY_DIR}/fmt_first/fmt SYMBOLIC)
    set(vane_fmt_first ${CMAKE_BINARY_DIR}/fmt_first)
  endif()
  # The wheel's own `torch` target would pull in the CUDA libraries, so it is not used.
  add_library(vane_torch INTERFACE)
  target_include_directories(vane_torch SYSTEM INTERFACE
    ${vane_fmt_first} ${VANE_TORCH_ROOT}/include ${VANE_TORCH_ROOT}/include/torch/csrc/api/include)
  # The wheel finds its two CUDA companions by its own RPATH, which a linker does not follow.
  target_link_libraries(vane_torch INTERFACE ${VANE_TORCH_CPU} ${VANE_C10} Threads::Threads)
  target_link_options(vane_torch INTERFACE -Wl,--allow-shlib-undefined)
  if(VANE_CUDA)
    find_library(VANE_TORCH_CUDA torch_cuda PATHS ${VANE_TORCH_ROOT}/lib NO_DEFAULT_PATH)
    find_library(VANE_C10_CUDA c10_cuda PATHS ${VANE_TORCH_ROOT}/lib NO_DEFAULT_PATH)
    set(VANE_CUDA_COMPANIONS ${VANE_TORCH_ROOT}/../nvidia)
    file(GLOB VANE_CUDA_LIBRARY_FOLDERS ${VANE_CUDA_COMPANIONS}/*/lib)
    find_file(VANE_CUDART libcudart.so.13 PATHS ${VANE_CUDA_LIBRARY_FOLDERS} NO_DEFAULT_PATH)
    if(NOT VANE_TORCH_CUDA OR NOT VANE_C10_CUDA OR NOT VANE_CUDART)
      message(FATAL_ERROR "LibTorch's CUDA half is not in ${VANE_TORCH_ROOT}; run ./setup.sh --cuda")
    endif()
    list(PREPEND VANE_CUDA_LIBRARY_FOLDERS ${VANE_TORCH_ROOT}/lib)
  endif()
endif()

if(VANE_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()
