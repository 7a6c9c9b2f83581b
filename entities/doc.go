// Package entities turns representations into objects.
//
// A representation is a type name and some field values: what a router sends to _entities, and just so what an action's
// handler answers. A [Model] holds the types, their keys and their relationships; [NewModel] makes it from the metadata
// and the structure of the databases. An operation is planned once:
//
//	plan := model.Plan(model.Role(role), []entities.Root{{Output: action.Output, Selection: selection}})
//
// and run for every request, wave by wave: all keys of one depth are loaded together, each relationship by one SQL
// statement, whatever the number of parents, lists, aliases and roots.
//
//	result := plan.Run(ctx, loaders, caller, []entities.Input{{JSON: answer}}, variables)
//	json, errs, ok := result.Append(nil, 0, entities.Path{"createUser"})
//
// Null propagation and the paths of errors follow the GraphQL specification (October 2021, section 6.4.4).
package entities
