// Command create-identity serves POST /identities of the Blnk API.
package main

import "cedula/shared/boot/blnk"

func main() { blnk.Start("create-identity") }
