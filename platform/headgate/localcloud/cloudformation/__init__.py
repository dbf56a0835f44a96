"""CloudFormation: templates, stacks, change sets, custom resources and StackSets, over documents of our own."""
