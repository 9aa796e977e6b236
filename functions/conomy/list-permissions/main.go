// Command list-permissions serves GET /identities/{id}/permissions of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("list-permissions") }
