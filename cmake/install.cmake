# `make install` and `make deb`: the program, its systemd unit, its documents and, if there is one, the configuration.
include(GNUInstallDirs)
set(ALDIS_DOC_DESTINATION share/doc/aldis)

install(TARGETS aldis RUNTIME DESTINATION bin)

# The unit names absolute paths, which are known only when installing (PREFIX may be given then).
install(CODE "
  set(ALDIS_BIN_DIR \"\${CMAKE_INSTALL_PREFIX}/bin\")
  set(ALDIS_DOC_DIR \"\${CMAKE_INSTALL_PREFIX}/${ALDIS_DOC_DESTINATION}\")
  configure_file(\"${CMAKE_SOURCE_DIR}/packaging/aldis.service.in\" \"${CMAKE_BINARY_DIR}/aldis.service\" @ONLY)")
install(FILES ${CMAKE_BINARY_DIR}/aldis.service DESTINATION lib/systemd/system)

foreach(document README.md ARCHITECTURE.md SECURITY.md CHANGELOG.md aldis.doap)
  install(FILES ${CMAKE_SOURCE_DIR}/${document} DESTINATION ${ALDIS_DOC_DESTINATION} OPTIONAL)
endforeach()
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${ALDIS_DOC_DESTINATION} RENAME copyright)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs/ DESTINATION ${ALDIS_DOC_DESTINATION}/docs OPTIONAL)

if(EXISTS ${CMAKE_SOURCE_DIR}/packaging/aldis.toml)
  install(FILES ${CMAKE_SOURCE_DIR}/packaging/aldis.toml DESTINATION /etc/aldis
          PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
  file(WRITE ${CMAKE_BINARY_DIR}/conffiles "/etc/aldis/aldis.toml\n")
  set(conffiles ${CMAKE_BINARY_DIR}/conffiles)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME aldis)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_VENDOR "Aldis")
set(CPACK_PACKAGE_CONTACT "The Aldis project <aldis@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "XMPP server for organisations that must know who received what")
set(CPACK_PACKAGE_DESCRIPTION "Aldis passes every stanza through one decision before it reaches anyone, and acknowledges
only what is on disk or already with its recipient.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${CMAKE_SOURCE_DIR}/packaging/debian/postinst ${CMAKE_SOURCE_DIR}/packaging/debian/prerm
    ${CMAKE_SOURCE_DIR}/packaging/debian/postrm ${conffiles})
include(CPack)
