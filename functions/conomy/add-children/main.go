// Command add-children serves POST /identities/{id}/children of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("add-children") }
