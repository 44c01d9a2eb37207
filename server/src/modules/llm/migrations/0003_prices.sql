-- What a model on this machine costs, as exact decimal texts; null: nothing, and a weight of 1.
alter table llm.model_settings
  add column token_weight text,
  add column input_cost text,
  add column output_cost text;
