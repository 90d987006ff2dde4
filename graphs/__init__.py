"""Graph definitions: one flow a file, plain LangGraph state graphs, named and checked."""
