// Command add-permissions serves POST /identities/{id}/permissions of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("add-permissions") }
