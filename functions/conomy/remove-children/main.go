// Command remove-children serves DELETE /identities/{id}/children of the Conomy API.
package main

import "cedula/shared/boot/conomy"

func main() { conomy.Start("remove-children") }
